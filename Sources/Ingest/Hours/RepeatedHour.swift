/// The hours that a clock shows twice when it is put back, told apart by the order of rows.
package enum RepeatedHour {
    /// A row that the clock shows a time of which it shows twice.
    package struct Row<Content: Equatable>: Sendable where Content: Sendable {
        /// Microseconds since 1970-01-01 00:00 of the clock.
        package let local: Int64
        /// Everything else of the row: a row that says the same again counts once.
        package let content: Content

        /// A row from its parts.
        package init(local: Int64, content: Content) {
            (self.local, self.content) = (local, content)
        }
    }

    /// Which rows are of the later showing.
    ///
    /// - Parameters:
    ///   - rows: of one series and one change of the clock, in the order of the source.
    ///   - isNewestFirst: whether the source runs backwards.
    /// - Returns: nil where the order does not tell, as when the times come once only or more than twice.
    package static func later<Content>(_ rows: [Row<Content>], isNewestFirst: Bool) -> [Bool]? {
        let forwards = isNewestFirst ? Array(rows.reversed()) : rows
        let passes = passes(forwards, isSameCountedOnce: true) ?? passes(forwards, isSameCountedOnce: false)
        return isNewestFirst ? passes.map { $0.reversed() } : passes
    }

    private static func passes<Content>(_ rows: [Row<Content>], isSameCountedOnce: Bool) -> [Bool]? {
        var pass = 0
        var result: [Bool] = []
        for (index, row) in rows.enumerated() {
            if index > 0 {
                let before = rows[index - 1]
                let isSame = isSameCountedOnce && before.local == row.local && before.content == row.content
                if !isSame, row.local <= before.local { pass += 1 }
            }
            result.append(pass == 1)
        }
        return pass == 1 ? result : nil
    }
}

/// In which direction the times of a series run.
package struct RowOrder: Sendable {
    private var last: Int64?
    private var ascents = 0
    private var descents = 0

    /// No row yet.
    package init() {}

    /// Takes the time of the next row.
    package mutating func take(_ local: Int64) {
        if let last {
            if local > last { ascents += 1 }
            if local < last { descents += 1 }
        }
        last = local
    }

    /// Whether the rows run backwards, but for a time or two; nil where they are in no order.
    package var isNewestFirst: Bool? {
        if ascents > 10 * descents || ascents > descents && descents <= 1 { return false }
        if descents > 10 * ascents || descents > ascents && ascents <= 1 { return true }
        return nil
    }
}
