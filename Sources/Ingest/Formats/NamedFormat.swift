/// A format that a user asks for by its name.
public struct NamedFormat: Sendable {
    /// As `--format` takes it.
    public let name: String
    /// Whose files these are.
    public let title: String
    /// Where the format is described.
    package let source: String
    /// Columns by which a file is known to be in it; none where it has no header.
    package let signature: [String]
    package let layout: FileLayout
    /// Degrees north and east of the only station that there is.
    package let place: Importer.Place?

    init(
        _ name: String, _ title: String, source: String, signature: [String], place: Importer.Place? = nil,
        _ columns: [String: String], _ change: (inout FileLayout) -> Void = { _ in }
    ) {
        (self.name, self.title, self.source) = (name, title, source)
        (self.signature, self.place) = (signature, place)
        var layout = FileLayout(columns)
        layout.stationMayBeNamed = true
        change(&layout)
        self.layout = layout
    }

    /// All of them.
    public static let all = networks + instruments + dataSets

    /// The format of a name.
    public static func named(_ name: String) -> NamedFormat? { all.first { $0.name == name } }

    /// Files with our own names.
    public static var csv: NamedFormat { dataSets[dataSets.count - 1] }
}
