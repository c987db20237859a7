/// A model file with the least that the registry asks for.
struct ModelDocument {
    var name: String
    var sha256: String

    var json: String {
        """
        {"format_version": 1, "name": "\(name)", "preset": "chapter", "architecture": {"hidden": [2, 2]}, \
        "normalisation": {}, "parameters": {}, "training": {}, "scores": {}, "sha256": "\(sha256)"}
        """
    }

    /// The statement that adds it to the registry.
    var insert: String { "INSERT INTO hazecast.model (name, document) VALUES ('\(name)', '\(json)');" }
}
