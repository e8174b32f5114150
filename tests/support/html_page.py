"""A page as tests read it: its tags are balanced, and its attributes and text are noted."""

from html.parser import HTMLParser

VOID = ("meta", "img", "input", "br")


class HtmlPage(HTMLParser):
    """Checks that tags are balanced, and notes what can be linked to and what is."""

    def __init__(self, html):
        super().__init__()
        self.open = []
        self.tags = []
        self.text = []
        self.feed(html)
        self.close()
        assert self.open == []
        self.ids = [given["id"] for _, given in self.tags if given.get("id")]
        self.words = " ".join(" ".join(self.text).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.text.append(data)

    def all(self, tag):
        return [given for name, given in self.tags if name == tag]
