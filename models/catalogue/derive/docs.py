"""What the documentation of a class says: first sentences, arguments, quoted words."""

from __future__ import annotations

import inspect
import re


def first_sentence(text: str) -> str:
    """The first sentence of a documentation text, on one line, without its markup."""
    paragraph = re.split(r"\n\s*\n", text.strip(), maxsplit=1)[0]
    line = re.sub(r"\s+", " ", paragraph).replace("`", "").strip()
    line = re.sub(r"\[([^\]]+)\]\(\s*[^)]*\)", r"\1", line)
    match = re.match(r"(.*?[.!?])(?= [A-Z(\"'{]|$)", line)
    sentence = match.group(1) if match else line
    while match and re.search(r"\b(i\.e|e\.g|a\.k\.a|ie|eg|etc|vs)\.$", sentence):
        rest = line[len(sentence) :]
        match = re.match(r"(.*?[.!?])(?= [A-Z(\"'{]|$)", rest)
        sentence += match.group(1) if match else rest
    return sentence


def argument_docs(cls: type) -> dict[str, str]:
    """The documentation of each argument, from the Args section of the class."""
    text = inspect.getdoc(cls) or ""
    match = re.search(r"^(?:Args|Arguments):\s*\n((?:[ \t]+.*\n?|\s*\n)+)", text, re.M)
    docs: dict[str, str] = {}
    if not match:
        return docs
    body = inspect.cleandoc("\n" + match.group(1))
    for block in re.split(r"\n(?=[\w*`]+(?:,\s*\w+)*`?\s*(?:\([^)]*\))?:)", body):
        names, _, rest = block.partition(":")
        for name in re.findall(r"\w+", names.split("(")[0]):
            docs[name] = inspect.cleandoc(rest)
    return docs


def quoted(text: str) -> list[str]:
    """Strings that a text puts in quotation marks or, as `"x"`, in code marks."""
    return list(dict.fromkeys(re.findall(r"[\"']([A-Za-z0-9_\-]+)[\"']", text)))
