import Forecast
import Foundation

/// `index.json` of a folder of series: an array with an object for each file.
///
/// `file` names the file and must be inside the folder. `id`, `country`, `place`, `latitude` and `longitude` are optional;
/// other keys are ignored, because data sets keep more than we read there.
struct SeriesIndex {
    struct Entry: Sendable {
        /// Path of the file from the folder.
        let file: String
        let id: String
        var country: String?
        var place: String?
        /// Degrees north.
        var latitude: Double?
        /// Degrees east.
        var longitude: Double?

        init(file: String, id: String) {
            self.file = file
            self.id = id
        }
    }

    /// At least one.
    let entries: [Entry]

    /// Reads the index of a folder; nil where there is none.
    init?(folder: String) throws(SourceError) {
        let name = Self.path("index.json", in: folder)
        guard FileManager.default.fileExists(atPath: name) else { return nil }
        guard let data = FileManager.default.contents(atPath: name) else {
            throw SourceError(.unreadable, file: name, "cannot be read; check its permissions")
        }
        guard case .array(let elements) = try? JSONValue(json: data) else {
            throw SourceError(.unreadable, file: name, "is not a JSON array of series such as [{\"file\": \"a.csv\"}]")
        }
        var entries: [Entry] = []
        for (index, element) in elements.enumerated() {
            entries.append(try Self.entry(element, number: index + 1, of: name))
        }
        guard !entries.isEmpty else {
            throw SourceError(.unreadable, file: name, "names no series; add an object with \"file\" for each")
        }
        for entry in entries where !FileManager.default.fileExists(atPath: Self.path(entry.file, in: folder)) {
            throw SourceError(
                .unreadable, file: name, "'\(entry.file)' is not in the folder; add the file or remove its entry")
        }
        try Self.checkIDs(entries, in: name)
        self.entries = entries
    }

    /// A file's name without folders, `.gz` and `.csv`.
    static func id(ofFile path: String) -> String {
        var name = path.split(separator: "/").last.map(String.init) ?? path
        for ending in [".gz", ".csv"] where name.hasSuffix(ending) && name.count > ending.count {
            name.removeLast(ending.count)
        }
        return name
    }

    static func path(_ file: String, in folder: String) -> String {
        folder.hasSuffix("/") ? folder + file : "\(folder)/\(file)"
    }

    /// - Throws: where two series have the same name.
    static func checkIDs(_ entries: [Entry], in name: String) throws(SourceError) {
        var files: [String: String] = [:]
        for entry in entries {
            guard let other = files.updateValue(entry.file, forKey: entry.id) else { continue }
            throw SourceError(
                .options, file: name,
                "'\(other)' and '\(entry.file)' are both called '\(entry.id)'; give each series an id of its own")
        }
    }

    private static func entry(_ element: JSONValue, number: Int, of name: String) throws(SourceError) -> Entry {
        guard case .object(let members) = element else {
            throw SourceError(
                .unreadable, file: name, "series \(number) is not an object such as {\"file\": \"a.csv\"}")
        }
        let reader = IndexEntryReader(members: members, place: "\(name): series \(number)")
        guard let file = try reader.string("file"), !file.isEmpty else {
            throw reader.fault("has no \"file\", the name of its csv file")
        }
        guard !file.hasPrefix("/"), !file.split(separator: "/").contains("..") else {
            throw reader.fault("'\(file)' is not inside the folder; name a file that is")
        }
        var entry = Entry(file: file, id: try reader.string("id") ?? id(ofFile: file))
        entry.country = try reader.string("country")
        entry.place = try reader.string("place")
        entry.latitude = try reader.number("latitude", limit: 90)
        entry.longitude = try reader.number("longitude", limit: 180)
        return entry
    }
}

/// The members of one object of the index.
private struct IndexEntryReader {
    let members: [String: JSONValue]
    /// The file and the number of the object.
    let place: String

    func fault(_ message: String) -> SourceError { SourceError(.unreadable, "\(place): \(message)") }

    func string(_ key: String) throws(SourceError) -> String? {
        switch members[key] {
        case .string(let string): string
        case nil, .null: nil
        default: throw fault("\"\(key)\" is not a string")
        }
    }

    /// A number of degrees.
    func number(_ key: String, limit: Double) throws(SourceError) -> Double? {
        switch members[key] {
        case .number(let number) where abs(number) <= limit: number
        case nil, .null: nil
        default: throw fault("\"\(key)\" is not a number from -\(Int(limit)) to \(Int(limit))")
        }
    }
}
