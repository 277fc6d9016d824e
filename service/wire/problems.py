"""Problem documents (RFC 9457), and what explains the types of them."""

from pydantic import ConfigDict, Field

from service.wire.model import Wire


class ProblemFault(Wire):
    """One field at fault: `pointer` leads to it in the body, or `parameter` names the query item, header or part."""

    pointer: str | None = Field(default=None, description="RFC 6901 pointer into the body.")
    parameter: str | None = Field(default=None, description="Name of the query item, header or part.")
    detail: str = Field(description="What is wrong with it.")


class ProblemLimit(Wire):
    """The limit that was exceeded."""

    name: str = Field(description="Its name in `GET /limits`.")
    value: int = Field(description="The largest value allowed.")
    setting: str | None = Field(
        default=None, description="The setting by which an operator moves it; absent if it is fixed."
    )


class ProblemDocument(Wire):
    """A failure."""

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    type: str = Field(description="`/problems/<code>`: what kind of failure it is; the path leads to an explanation.")
    title: str = Field(description="The kind of failure in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened this time; for people to read.")
    instance: str = Field(description="The path that was asked for.")
    errors: tuple[ProblemFault, ...] | None = Field(default=None, description="The fields at fault, if any are.")
    near: tuple[str, ...] | None = Field(default=None, description="Names that exist and look like the unknown one.")
    limit: ProblemLimit | None = Field(default=None, description="The limit that was exceeded, if one was.")
    violated_policies: tuple[str, ...] | None = Field(
        default=None,
        alias="violated-policies",
        description="Names of the policies in `RateLimit-Policy` that were violated; only with status 429.",
    )
    reasons: dict[str, str] | None = Field(
        default=None, description="Why the service is not ready, by the names of the checks; only of `not_ready`."
    )
    request_id: str | None = Field(default=None, description="Finds the event in the logs; only with status 500.")
    error: str | None = Field(
        default=None, description="`detail` once more, where the Open Inference Protocol has it: only under /v2."
    )


class ProblemKind(Wire):
    """One type of problem."""

    code: str = Field(description="The last part of `type`.")
    title: str = Field(description="The kind of failure in words.")
    statuses: tuple[int, ...] = Field(description="The HTTP statuses it comes with.")
    explanation: str = Field(description="What it means, and what to do about it.")


class Problems(Wire):
    """All types of problem."""

    problems: tuple[ProblemKind, ...]
