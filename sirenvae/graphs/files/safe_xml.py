"""XML from strangers: no entity, nothing from outside the text, no nesting without end."""

from __future__ import annotations

import re
from xml.etree import ElementTree
from xml.parsers import expat

from sirenvae.errors import InputError

_DEEPEST = 200  # the formats read here nest ten levels; what walks a tree may recurse this far
_MOST_DECLARED = 100  # expat goes through the declared attributes of an element each time it comes
_LONGEST_ADDRESS = 300  # the address of a namespace becomes a part of every tag in it
_MOST = 200_000  # elements; one takes half a kilobyte of memory
_REFERENCE = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|&(?!#|(?:lt|gt|amp|quot|apos);)([^;]{0,40})", re.DOTALL
)


class Element(ElementTree.Element):
    """An element that knows its place.

    Attributes:
        line: The line in which its tag starts, from 1.
    """

    __slots__ = ("line",)


def parse(text: str, name: str, form: str = "XML") -> Element:
    """The root element of an XML document.

    Entities, which can grow a line of text to gigabytes or bring in other files, are refused as soon as one is declared
    or used; the five that XML defines itself and characters by number (``&#246;``) are read. A declared DTD is not
    loaded, and the attributes that it would add are left out.

    Arguments:
        text: The document; what it says of its encoding is not heeded, as it is text by now.
        name: What to call it in a sentence.
        form: The format that was expected, for the same.

    Returns:
        The element; tags and attributes in a namespace read ``{address}name``. Comments are left out.

    Raises:
        InputError: If the text is not well formed, declares or uses an entity, or nests more than 200 levels.
    """
    builder = ElementTree.TreeBuilder(element_factory=Element)
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = parser.specified_attributes = True
    handlers = _Handlers(parser, builder, name)
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        reason = expat.errors.messages[error.code]
        raise InputError(
            f"{name} is not {form}: line {error.lineno} has the fault {reason!r}; save it again where it was made."
        ) from error
    except UnicodeEncodeError as error:
        raise InputError(f"{name} is not {form}: it holds half of a character; save it again as UTF-8.") from error
    if handlers.has_doctype:  # with a DTD that it does not read, expat drops entities from attributes in silence
        for found in _REFERENCE.finditer(text):
            if found[1] is not None:
                handlers.refuse_entity(found[1], len(re.findall(r"\r\n?|\n", text[: found.start()])) + 1)
    return builder.close()


def local(element: Element) -> str:
    """The tag without its namespace, in small letters."""
    return element.tag.rpartition("}")[2].lower()


class _Handlers:
    """What `parser` calls as it goes: elements go to `builder`, what is not safe raises."""

    def __init__(self, parser: expat.XMLParserType, builder: ElementTree.TreeBuilder, name: str):
        self.parser, self.builder, self.name = parser, builder, name
        self.depth = self.elements = self.declared = 0
        self.has_doctype = False
        self.tags: dict[str, str] = {}
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = builder.data
        parser.StartDoctypeDeclHandler = self.doctype
        parser.StartNamespaceDeclHandler = self.namespace
        parser.AttlistDeclHandler = self.attribute
        parser.EntityDeclHandler = lambda entity, *_: self.refuse_entity(entity)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        self.elements += 1
        if self.depth > _DEEPEST or self.elements > _MOST:
            excess = f"nests more than {_DEEPEST}" if self.depth > _DEEPEST else f"has more than {_MOST}"
            raise InputError(
                f"{self.name} {excess} elements in line {self.parser.CurrentLineNumber}; no file of a network does, "
                "so save it again where it was made."
            )
        element = self.builder.start(self.named(tag), {self.named(key): value for key, value in attributes.items()})
        element.line = self.parser.CurrentLineNumber

    def end(self, tag: str) -> None:
        self.depth -= 1
        self.builder.end(self.named(tag))

    def named(self, name: str) -> str:
        """The name as ElementTree writes it: one string for all elements that bear it."""
        return self.tags.setdefault(name, "{" + name if "}" in name else name)

    def doctype(self, *_: object) -> None:
        self.has_doctype = True

    def namespace(self, _: str | None, address: str | None) -> None:
        if len(address or "") > _LONGEST_ADDRESS:
            raise InputError(
                f"{self.name} has a namespace of {len(address)} letters in line {self.parser.CurrentLineNumber}; "
                f"at most {_LONGEST_ADDRESS} are read, so shorten it."
            )

    def attribute(self, *_: object) -> None:
        self.declared += 1
        if self.declared > _MOST_DECLARED:
            raise InputError(
                f"{self.name} declares more than {_MOST_DECLARED} attributes up to line "
                f"{self.parser.CurrentLineNumber}; take the DOCTYPE out of it."
            )

    def refuse_entity(self, entity: str, line: int | None = None) -> None:
        raise InputError(
            f"{self.name} has the entity {entity[:40]!r} in line {line or self.parser.CurrentLineNumber}; "
            "entities are not read, so write the text out in full."
        )
