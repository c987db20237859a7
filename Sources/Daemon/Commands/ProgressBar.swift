import Foundation
import Postgres

/// A line on a terminal's standard error that says how far something is; silent where that is no terminal.
struct ProgressBar {
    private static let cells = 30

    let name: String
    let isShown = isatty(STDERR_FILENO) == 1

    init(_ name: String) { self.name = name }

    /// - Parameter fraction: 0…1; nil where the end is not known.
    func show(_ fraction: Double?, rows: Int) {
        show(fraction, note: "\(rows) rows")
    }

    /// - Parameters:
    ///   - fraction: 0…1; nil where the end is not known.
    ///   - note: what else there is to say.
    func show(_ fraction: Double?, note: String) {
        guard isShown else { return }
        var line = "\r\u{1B}[K\(name)  "
        if let fraction {
            let full = Int((fraction * Double(Self.cells)).rounded(.down))
            line += String(repeating: "█", count: full) + String(repeating: "░", count: Self.cells - full)
            line += " \(Int(fraction * 100)) %  "
        }
        StandardError.write(line + note)
    }

    /// Takes the line away.
    func clear() {
        if isShown { StandardError.write("\r\u{1B}[K") }
    }
}

/// What is said to the person beside a command's output.
enum StandardError {
    static func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }

    static func print(_ line: String) { write(line.printable(keepingLines: true) + "\n") }
}
