"""A page as tests read it: its tags are balanced, and their attributes are noted."""

from html.parser import HTMLParser

VOID = ("meta", "img", "input", "br")


class HtmlPage(HTMLParser):
    """Checks that tags are balanced, and notes their attributes."""

    def __init__(self, html):
        super().__init__()
        self.open = []
        self.tags = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, tag):
        return [given for name, given in self.tags if name == tag]
