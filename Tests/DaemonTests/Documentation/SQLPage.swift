import Foundation

/// What `docs/sql.md` shows: SQL, and what psql answered.
struct SQLPage {
    static let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/sql.md")

    /// A block of SQL that an answer follows, indented as Markdown has it.
    struct Example {
        /// The two headings that it stands under.
        let chapter: String
        let section: String
        let sql: String
        /// The lines of the page that hold the answer.
        let answerLines: Range<Int>
        let answer: [String]
    }

    var lines: [String]

    init() throws {
        lines = try String(contentsOf: Self.file, encoding: .utf8).components(separatedBy: "\n")
    }

    static let indent = "    "

    var examples: [Example] {
        var found: [Example] = []
        var chapter = ""
        var section = ""
        var line = 0
        while line < lines.count {
            if lines[line].hasPrefix("## ") { (chapter, section) = (String(lines[line].dropFirst(3)), "") }
            if lines[line].hasPrefix("### ") { section = String(lines[line].dropFirst(4)) }
            guard lines[line] == "```sql", let end = lines[line...].firstIndex(of: "```") else {
                line += 1
                continue
            }
            let sql = lines[(line + 1)..<end].joined(separator: "\n")
            let first = end + 2
            let last = lines[first...].firstIndex { !$0.hasPrefix(Self.indent) } ?? lines.count
            if lines[end + 1].isEmpty, first < last {
                found.append(
                    Example(
                        chapter: chapter, section: section, sql: sql, answerLines: first..<last,
                        answer: lines[first..<last].map { String($0.dropFirst(Self.indent.count)) }))
            }
            line = end + 1
        }
        return found
    }

    /// Puts other answers in place of those that are there.
    mutating func answer(_ answers: [(example: Example, answer: [String])]) {
        for (example, answer) in answers.reversed() {
            lines.replaceSubrange(example.answerLines, with: answer.map { $0.isEmpty ? "" : Self.indent + $0 })
        }
    }
}
