import Foundation
import FoundationXML
import Testing

@testable import Daemon

/// An SVG text as a parser of XML sees it.
final class Drawing: NSObject, XMLParserDelegate {
    struct Element {
        let name: String
        let attributes: [String: String]
        var text = ""

        func number(_ attribute: String) -> Double { attributes[attribute].flatMap { Double($0) } ?? .nan }
    }

    private(set) var elements: [Element] = []
    private var open: [Int] = []

    /// - Throws: where the text is not well-formed, or holds a number that is none.
    init(_ svg: String) throws {
        super.init()
        let parser = XMLParser(data: Data(svg.utf8))
        parser.delegate = self
        #expect(parser.parse(), "\(parser.parserError.debugDescription)")
        try #require(elements.first?.name == "svg")
        for element in elements {
            for key in ["d", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "width", "height", "viewBox"] {
                let value = element.attributes[key] ?? ""
                #expect(value.allSatisfy { "0123456789.-, MLZh".contains($0) }, "\(element)")
            }
        }
    }

    func named(_ name: String) -> [Element] { elements.filter { $0.name == name } }

    func text(_ text: String) throws -> Element { try #require(elements.first { $0.text == text }, "\(text)") }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        open.append(elements.count)
        elements.append(Element(name: name, attributes: attributes))
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
        if let last = open.last { elements[last].text += string }
    }

    func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
        open.removeLast()
    }
}
