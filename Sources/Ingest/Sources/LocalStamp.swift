import Forecast

/// A date and a time of day as a source writes them, before its clock is known.
struct LocalStamp {
    /// Seconds since 1970-01-01 00:00 on the source's own clock.
    let seconds: Int64
    /// Seconds east of Greenwich where the stamp itself says so.
    let offset: Int64?

    /// A stamp from columns of its own.
    init(year: Int, month: Int, day: Int, hour: Int) throws(RowFault) {
        guard let local = UTCHour(year: year, month: month, day: day, hour: hour) else {
            throw RowFault("there is no hour \(hour) on \(year)-\(month)-\(day)")
        }
        seconds = local.secondsSinceEpoch
        offset = nil
    }

    /// ISO 8601 with a date and at least an hour: `2014-12-31T15:00Z`, `2014-12-31 15:00:00`, `2014-12-31 15:00+08`.
    init(_ field: ArraySlice<UInt8>, _ column: String) throws(RowFault) {
        var scanner = StampScanner(rest: field)
        guard let year = scanner.number(digits: 4), scanner.skip("-"), let month = scanner.number(digits: 2),
            scanner.skip("-"), let day = scanner.number(digits: 2), scanner.skip("T") || scanner.skip(" "),
            let hour = scanner.number(digits: 2)
        else { throw RowFault("\(column): \(field.shown) is not a date and time such as 2014-12-31T15:00Z") }
        var (minute, second, isWhole) = (0, 0, true)
        if scanner.skip(":") {
            minute = scanner.number(digits: 2) ?? 60
            if scanner.skip(":") { second = scanner.number(digits: 2) ?? 60 }
            if scanner.skip(".") { isWhole = scanner.skipFraction() }
        }
        _ = scanner.skip(" ")
        offset = LocalClock.offset(scanner.rest)
        guard minute < 60, second < 60, offset != nil || scanner.rest.isEmpty,
            let local = UTCHour(year: year, month: month, day: day, hour: hour)
        else { throw RowFault("\(column): \(field.shown) is not a date and time that exists") }
        guard isWhole else { throw RowFault("\(column): \(field.shown) does not begin a UTC hour") }
        seconds = local.secondsSinceEpoch + Int64(minute * 60 + second)
    }
}

/// Reads a time stamp from left to right.
private struct StampScanner {
    var rest: ArraySlice<UInt8>

    mutating func number(digits: Int) -> Int? {
        let text = rest.prefix(digits)
        guard text.count == digits, text.allSatisfy(\.isDigit) else { return nil }
        rest = rest.dropFirst(digits)
        return Int(String(decoding: text, as: UTF8.self))
    }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    /// Whether the fraction of a second that follows is zero.
    mutating func skipFraction() -> Bool {
        let digits = rest.prefix(while: \.isDigit)
        rest = rest.dropFirst(digits.count)
        return digits.allSatisfy { $0 == UInt8(ascii: "0") }
    }
}

/// Turns the stamps of a file into UTC hours.
///
/// Where a clock is put back, one local hour comes twice. The first row of a station with such a stamp is the earlier
/// hour, and the row that follows it the later one; a file that lists the hour once means the earlier. Where a clock is
/// put forward, the local hour that it skips exists nowhere and its row is rejected.
struct HourReader {
    let clock: LocalClock
    private var latest: [String: UTCHour] = [:]

    init(clock: LocalClock) { self.clock = clock }

    mutating func hour(_ stamp: LocalStamp, station: String) throws(RowFault) -> UTCHour {
        let instants = stamp.offset.map { [stamp.seconds - $0] } ?? clock.instants(local: stamp.seconds)
        guard let first = instants.first, let last = instants.last else {
            throw RowFault("the clock of \(clock.name) skips this hour")
        }
        let seconds = first != last && latest[station]?.secondsSinceEpoch == first ? last : first
        guard seconds % 3600 == 0 else { throw RowFault("the time does not begin a UTC hour") }
        let hour = UTCHour(containing: seconds)
        latest[station] = hour
        return hour
    }
}
