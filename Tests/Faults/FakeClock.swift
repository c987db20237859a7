import Foundation

/// The clock of a process, which can be put forward and back while it runs (Debian package faketime).
///
/// Only the time of day is changed, as by an operator or a time server; the clock that measures durations goes on.
struct FakeClock: Sendable {
    private let file: String

    private static let library = ["x86_64-linux-gnu", "aarch64-linux-gnu"].map {
        "/usr/lib/\($0)/faketime/libfaketimeMT.so.1"
    }
    .first { FileManager.default.fileExists(atPath: $0) }

    static var isInstalled: Bool { library != nil }

    init(file: String) throws {
        self.file = file
        try step(by: 0)
    }

    /// What a process has to be started with to have this clock.
    var environment: [String: String] {
        [
            "LD_PRELOAD": Self.library ?? "", "FAKETIME_TIMESTAMP_FILE": file, "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
        ]
    }

    /// Puts it that many hours off, within a second.
    func step(by hours: Int) throws {
        try Data("\(hours < 0 ? "-" : "+")\(abs(hours) * 3600)\n".utf8).write(to: URL(filePath: file))
        chmod(file, 0o644)
    }
}
