"""Whether words can be read on their ground."""


def contrast(colour: str, page: str) -> float:
    """Between 1 and 21, by the rule of WCAG; words need 4.5."""

    def luminance(text: str) -> float:
        parts = [int(text[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    high, low = sorted((luminance(colour), luminance(page)), reverse=True)
    return (high + 0.05) / (low + 0.05)
