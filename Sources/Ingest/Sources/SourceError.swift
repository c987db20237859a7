/// A file of readings that cannot be used at all; nothing of it has been read into anything.
///
/// A single bad row is not an error but a `RejectedRow`.
public struct SourceError: Error, Equatable, CustomStringConvertible {
    /// What happened.
    public enum Code: Sendable {
        /// The file is missing, may not be read, or failed while being read.
        case unreadable
        /// The first line is not the header that the format asks for.
        case header
        /// The options do not fit together or do not fit the file.
        case options
        /// A row was rejected where none may be.
        case rejected
    }

    /// What happened.
    public let code: Code
    /// The file as the user named it, or nil where the fault is in the options.
    public let file: String?
    /// One line for a person: what is wrong and what to do.
    public let message: String

    /// An error from its parts.
    public init(_ code: Code, file: String? = nil, _ message: String) {
        self.code = code
        self.file = file
        self.message = message
    }

    /// The file and the message in one line.
    public var description: String { file.map { "\($0): \(message)" } ?? message }
}
