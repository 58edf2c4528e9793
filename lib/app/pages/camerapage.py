"""The camera's page: a file, which its script fills by way of the API."""

from aio.late import borrow


async def page(exchange):
    await borrow("app.pages.assets").camera(exchange)
