"""A tiny causal language model and a byte tokenizer, called as those of transformers are."""

from types import SimpleNamespace

import torch
from torch import nn


class ByteTokenizer:
    """Tokens are bytes."""

    def encode(self, text, add_special_tokens=True):
        return [1] * add_special_tokens + list(text.encode())


class Layers(nn.Module):
    """Two layers of causal attention over bytes, with random weights."""

    def __init__(self, width=32, layers=2, longest=512):
        super().__init__()
        self.words, self.places = nn.Embedding(256, width), nn.Embedding(longest, width)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(width, 4, 2 * width, dropout=0.0, batch_first=True)
            for _ in range(layers)
        )

    def forward(self, input_ids, attention_mask, use_cache):
        count = input_ids.shape[1]
        # Places are counted from the end, so that padding at the beginning changes none.
        stream = self.words(input_ids) + self.places(torch.arange(count).flip(0))
        later = torch.ones(count, count, dtype=torch.bool).triu(1)
        hidden = later | ~attention_mask.bool()[:, None] & ~torch.eye(count, dtype=torch.bool)
        for layer in self.layers:
            stream = layer(stream, src_mask=hidden.repeat_interleave(4, 0))
        return SimpleNamespace(last_hidden_state=stream)


class TinyModel(nn.Module):
    """Layers, and an output head."""

    def __init__(self, width=32):
        super().__init__()
        self.model, self.lm_head = Layers(width), nn.Linear(width, 256, bias=False)
