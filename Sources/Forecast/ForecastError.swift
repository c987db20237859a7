/// Why a model could not be read or made, in one line for a person.
public struct ForecastError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of failure it is.
    public enum Code: Sendable, Equatable {
        /// The text is no JSON.
        case notJSON
        /// The model file is of a format version that this build does not read.
        case unknownFormat
        /// A key is unknown, missing, or holds a value of the wrong kind.
        case malformed
        /// A tensor's name or shape does not fit the architecture.
        case wrongShape
        /// A number that must be finite is not, or does not fit a 32-bit float.
        case notFinite
        /// The checksum is not that of the content.
        case wrongChecksum
        /// There are too few readings to train on or to score.
        case tooLittleData
        /// An argument is outside of what is possible.
        case invalidArgument
    }

    /// What happened.
    public let code: Code
    /// What is wrong and where, one line.
    public let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
