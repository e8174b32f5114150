"""The board as static pages: an index, a page for each agent and one for each trap."""
