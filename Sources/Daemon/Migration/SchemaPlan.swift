/// The files that a schema lacks, from those that a binary has and those that the schema records.
struct SchemaPlan: Sendable {
    /// Files to run, in their order.
    let pending: [SchemaFile]

    /// - Parameters:
    ///   - files: those of the binary, in the order in which they run.
    ///   - recorded: name and SHA-256 of the files that made the schema; empty where there is none.
    /// - Throws: `DaemonError.Code.schema` when no run of `migrate` leads from the schema to the files.
    init(_ files: [SchemaFile], recorded: [String: String]) throws(DaemonError) {
        let isNew = recorded.isEmpty
        let known = Set(files.map(\.name))
        let unknown = recorded.keys.filter { !known.contains($0) }.sorted()
        if let name = unknown.first(where: { SchemaFile.kind(of: $0) == .baseline }) {
            throw Self.otherBaseline(name)
        }
        for file in files where file.kind == .baseline && !isNew && recorded[file.name] != file.sha256 {
            throw Self.otherBaseline(file.name)
        }
        for file in files where file.kind == .migration {
            guard let applied = recorded[file.name], applied != file.sha256 else { continue }
            throw DaemonError(
                .schema, "\(file.name) is not the file that was applied here: install the hazecast that applied it")
        }
        var pending = files.filter { recorded[$0.name] != $0.sha256 }
        // A migration that is still to come may delete the record of a repeatable file that has another name now.
        let isOlder = pending.contains { $0.kind == .migration }
        if let name = unknown.first(where: { !isOlder || SchemaFile.kind(of: $0) != .repeatable }) {
            throw DaemonError(
                .schema, "the schema has \(name), which this hazecast does not know: install a newer hazecast")
        }
        // The last file settles what the others have added, such as rights.
        if !pending.isEmpty, let last = files.last, last.kind == .repeatable, pending.last != last {
            pending.append(last)
        }
        self.pending = pending
    }

    /// The baseline changes in place until 1.0 is released, so that no migration leads from one to another.
    private static func otherBaseline(_ name: String) -> DaemonError {
        DaemonError(
            .schema,
            """
            the schema was made by another development version, whose \(name) differs: dump the data, run \
            `hazecast migrate --remove`, then `hazecast migrate`
            """)
    }
}
