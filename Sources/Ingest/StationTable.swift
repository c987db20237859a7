/// What a `StationBook` has of each station, in pieces of contiguous memory that never move: growing by a station costs no
/// more than that, whatever else is there.
public struct StationTable: Sendable {
    /// Entries of a piece.
    private static let pieceSize = 256

    private var places: [Int32: Int32] = [:]
    private var pieces: [ContiguousArray<StationBook.Entry>] = []
    /// Places of stations that have gone.
    private var free: [Int32] = []

    init() {}

    /// Stations.
    public var count: Int { places.count }
    /// Whether there is none.
    public var isEmpty: Bool { places.isEmpty }

    /// Where a station's entry is until it is removed; nil where there is none.
    public func place(of station: Int32) -> Int? { places[station].map(Int.init) }

    /// Works on the entry at a place that `place` has given, where it is.
    ///
    /// Not a subscript: what a coroutine of 6.3.1 yields from here to another module is gone before it is read.
    public mutating func update<Result, Failure>(
        at place: Int, _ body: (inout StationBook.Entry) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(&pieces[place / Self.pieceSize][place % Self.pieceSize])
    }

    /// A station's entry; nil removes it.
    public subscript(station: Int32) -> StationBook.Entry? {
        get { place(of: station).map { pieces[$0 / Self.pieceSize][$0 % Self.pieceSize] } }
        set {
            switch (place(of: station), newValue) {
            case (let place?, let entry?): update(at: place) { $0 = entry }
            case (let place?, nil):
                places[station] = nil
                free.append(Int32(place))
            case (nil, let entry?): insert(entry, for: station)
            case (nil, nil): break
            }
        }
    }

    private mutating func insert(_ entry: StationBook.Entry, for station: Int32) {
        if let place = free.popLast() {
            update(at: Int(place)) { $0 = entry }
            places[station] = place
            return
        }
        if pieces.last.map({ $0.count == Self.pieceSize }) ?? true {
            pieces.append([])
            pieces[pieces.count - 1].reserveCapacity(Self.pieceSize)
        }
        pieces[pieces.count - 1].append(entry)
        places[station] = Int32((pieces.count - 1) * Self.pieceSize + pieces[pieces.count - 1].count - 1)
    }
}
