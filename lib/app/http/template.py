"""Pages with blanks: a file of lib/www, sent line by line, each {{word}} filled in.

A line that begins with {{?word}} is sent where the word stands for something, else left out.
"""


async def send(exchange, name, fill):
    """`fill(word)` is text to be escaped, an iterator of finished HTML, or something false."""
    page = exchange.site.part("static").opened(name)
    try:
        while True:
            line = page.readline()
            if not line:
                break
            if line.startswith(b"{{?"):
                end = line.find(b"}}")
                if not fill(line[3:end].decode()):
                    continue
                line = line[end + 2 :]
            await _line(exchange, line, fill)
    finally:
        page.close()


async def _line(exchange, line, fill):
    while True:
        at = line.find(b"{{")
        if at < 0:
            break
        end = line.find(b"}}", at)
        await exchange.write(line[:at])
        await _filled(exchange, fill(line[at + 2 : end].decode()))
        line = line[end + 2 :]
    await exchange.write(line)


async def _filled(exchange, value):
    if not value:
        return
    if isinstance(value, str):
        await exchange.write(escape(value))
        return
    for part in value:
        await exchange.write(part)


def escape(text):
    """Text as it may stand in HTML, also between quotes."""
    for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(char, entity)
    return text.replace("'", "&#39;")
