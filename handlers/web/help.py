"""What the widget asks for beside a conversation: how this help desk is set up, and articles to read in place.

An article leaves as text of a closed set (paragraphs, steps, bold, code), never as HTML. Not here: search.
"""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from handlers.web.context import Parts, Spoken, VouchedFor
from handlers.web.problems import Problem, problems
from prompts import DEFAULT_LANGUAGE, say

router = APIRouter(tags=["help"])
MEDIA_TYPES = ["image/png", "image/jpeg", "image/webp", "image/gif"]


class Config(BaseModel):
    """What the widget must know before a conversation is opened."""

    notice: str = Field(description="What the bot says about itself, empty when there is nothing to say.")
    identity: Literal["optional", "enforced"]
    file_bytes: int = Field(description="The largest picture.")
    files: int = Field(description="Pictures in one message.")
    text: int = Field(description="Characters in one message.")
    media_types: list[str]
    mail: bool = Field(description="Whether customers who have left can be written to.")


class ArticlePassage(BaseModel):
    """One heading's part of an article, as Markdown of a closed set: paragraphs, steps, bold, code."""

    number: int
    headings: list[str]
    text: str
    warnings: list[str]
    anchor: str


class Article(BaseModel):
    """An article of the help centre. `url` is where it stands in public."""

    article: str
    title: str
    url: str | None
    passages: list[ArticlePassage]


@router.get("/config")
async def config(web: Parts, language: Spoken) -> Config:
    """How this help desk is set up."""
    return Config(
        notice=say(web.notice, language or DEFAULT_LANGUAGE) if web.notice else "",
        identity="enforced" if web.tokens.enforced else "optional",
        file_bytes=web.uploads.file_bytes,
        files=web.uploads.files,
        text=web.desk.limits.text,
        media_types=MEDIA_TYPES,
        mail=web.desk.mail,
    )


@router.get("/articles/{article:path}", responses=problems("no_such_article"))
async def read_article(web: Parts, article: str, reader: VouchedFor) -> Article:
    """An article of the help centre, by the name under which it is cited. One that is closed to the caller is answered
    as if there were none."""
    passages = web.passages(article, reader)
    if not passages:
        raise Problem("no_such_article")
    return Article(
        article=article,
        title=passages[0].title,
        url=passages[0].url,
        passages=[
            ArticlePassage(
                number=passage.number,
                headings=list(passage.headings),
                text=passage.text,
                warnings=list(passage.warnings),
                anchor=passage.anchor,
            )
            for passage in passages
        ],
    )
