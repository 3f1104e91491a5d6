"""A model of one's own: Ollama, llama.cpp's server and others that speak Chat Completions and need no key."""

from __future__ import annotations

import re

import openai

from ctxreview.llm.providers import Endpoint, Progress, Provider
from ctxreview.llm.providers.faults import fault, is_name
from ctxreview.llm.providers.openai_chat import chat
from ctxreview.llm.providers.wire import client, http_client
from ctxreview.model.review import Completion, Prompt
from ctxreview.regex import regex

READ_AT_LEAST = 0.7
"""The part of a prompt that a server must say it has read.

Ollama drops what does not fit into its context and answers all the same
(https://docs.ollama.com/context-length). Our own count is 27 % too high at worst, so that less than this was cut.
"""

_THOUGHTS = regex(r"\A\s*<think>.*?</think>\s*", re.DOTALL)
"""What models that think aloud say before their answer, where a server does not take it out."""


def connect(endpoint: Endpoint) -> Provider:
    """Ask by ``POST /chat/completions``. ``endpoint`` must be :func:`~ctxreview.llm.providers.resolve_url`."""

    def ask(prompt: Prompt, progress: Progress) -> Completion:
        with http_client(endpoint, openai.OpenAIError) as http:
            answer = chat(client(openai.OpenAI, endpoint, http), endpoint, prompt, progress)
        answer = answer._replace(text=_THOUGHTS.sub("", answer.text))
        read = answer.usage.prompt_tokens
        if read is not None and read < READ_AT_LEAST * prompt.tokens.prompt:
            raise fault(endpoint, "cut", f"{read:,} of about {prompt.tokens.prompt:,} tokens")
        return answer

    return ask


def only_model(endpoint: Endpoint) -> str:
    """The name of the model that ``GET /models`` lists.

    Raises:
        ProviderError: it lists none or several, or cannot be asked.
    """
    with http_client(endpoint, openai.OpenAIError) as http:
        try:
            listed = client(openai.OpenAI, endpoint, http).models.list()
            names = sorted(str(model.id) for model in listed.data)
        except (AttributeError, TypeError):  # the SDK does not validate
            raise fault(endpoint, "not-a-stream") from None
    if not all(map(is_name, names)):
        raise fault(endpoint, "not-a-stream")
    if len(names) != 1:
        raise fault(endpoint, "models" if names else "no-model", ", ".join(names))
    return names[0]
