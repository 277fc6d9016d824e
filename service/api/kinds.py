"""The types of problem that the service answers with, each explained at `GET /problems/{code}`."""

from service.wire.json import MAX_FAULTS
from service.wire.problems import ProblemKind

KINDS = {
    kind.code: kind
    for kind in (
        ProblemKind(
            code="malformed_http",
            title="The request is not HTTP",
            statuses=(400,),
            explanation=(
                "What came over the connection cannot be parsed as HTTP/1.1: the method is unknown, the address is too "
                "long, a length or a chunk is wrong, or `Host` is missing or given twice. The connection is closed; "
                "`instance` is / whatever was asked for."
            ),
        ),
        ProblemKind(
            code="head_too_large",
            title="The head of the request is too large",
            statuses=(431, 414),
            explanation=(
                "The request line and the header fields are limited in number and in bytes, as `limit` says; 414 is "
                "the answer when the address alone is too long. The connection is closed; `instance` is / whatever "
                "was asked for."
            ),
        ),
        ProblemKind(
            code="request_timeout",
            title="The request did not come in time",
            statuses=(408,),
            explanation=(
                "A request must come within the time, or at the rate, that `limit` names. The connection is closed; "
                "`instance` is / whatever was asked for."
            ),
        ),
        ProblemKind(
            code="overloaded",
            title="The service has too much to do",
            statuses=(503,),
            explanation=(
                "The service does as much as it can, and as much again waits for its turn; `limit` says of what there "
                "is too much. Nothing was computed. Try again after the seconds in `Retry-After`."
            ),
        ),
        ProblemKind(
            code="took_too_long",
            title="The answer took too long",
            statuses=(503,),
            explanation=(
                "The time that `limit` gives to a request was over before there was an answer, as it waited behind "
                "others or is much to do. The work was stopped. Ask for less, or try again after the seconds in "
                "`Retry-After`."
            ),
        ),
        ProblemKind(
            code="not_ready",
            title="The service accepts no work now",
            statuses=(503,),
            explanation=(
                "It was asked whether the service accepts work, and it does not: it is about to end, or has too much "
                "to do. `reasons` says why. Send work elsewhere, or ask again after the seconds in `Retry-After`."
            ),
        ),
        ProblemKind(
            code="draining",
            title="The service is ending",
            statuses=(503,),
            explanation=(
                "The service was told to end. A stream ends with this as its last record, so that a client knows that "
                "more would have followed; it is also the answer to what was not done in the time that `limit` gives. "
                "Ask again after the seconds in `Retry-After`, or another instance."
            ),
        ),
        ProblemKind(
            code="plots_not_installed",
            title="This service draws no pictures",
            statuses=(501,),
            explanation=(
                "Pictures need matplotlib, which comes with `actiscope[plots]`, and needs "
                "a folder that it may write to, such as a temporary one or that of MPLCONFIGDIR. All else works "
                "without it."
            ),
        ),
        ProblemKind(
            code="malformed_json",
            title="The body is not JSON",
            statuses=(400,),
            explanation=(
                "The body must be one JSON text (RFC 8259) in UTF-8, without byte order mark. NaN and infinities are "
                'written as the strings "NaN", "Infinity" and "-Infinity". `detail` says where reading stopped.'
            ),
        ),
        ProblemKind(
            code="malformed_coding",
            title="The body is not compressed as it is said to be",
            statuses=(400,),
            explanation=(
                "The body must be what `Content-Encoding` announces: one or more members of gzip (RFC 1952), or one or "
                "more frames of zstd (RFC 8878), whole, and nothing after them. `detail` says how many inflated bytes "
                "were read before."
            ),
        ),
        ProblemKind(
            code="malformed_multipart",
            title="The body is not multipart/form-data",
            statuses=(400,),
            explanation=(
                "The body must be what `Content-Type: multipart/form-data` announces (RFC 7578): parts between lines "
                "of the boundary that the header names, up to the closing one, each with few, short headers, of which "
                "`Content-Disposition: form-data` names the part."
            ),
        ),
        ProblemKind(
            code="malformed_npy",
            title="The body is not a whole NPY file",
            statuses=(400,),
            explanation=(
                "The body must be what `Content-Type: application/x-npy` announces: one file as numpy's `save` writes "
                "it, in version 1, 2 or 3 of the format, with as many bytes of numbers as its header says and nothing "
                "after them. If that turns out only after the answer has begun, the connection is closed before the "
                "answer is complete."
            ),
        ),
        ProblemKind(
            code="malformed_tensors",
            title="The file of tensors cannot be read",
            statuses=(400,),
            explanation=(
                "The part `tensors` must be a whole safetensors file, or an NPZ file as numpy's `savez` and "
                "`savez_compressed` write it: a ZIP archive of NPY files, not encrypted. What a header says of shapes, "
                "sizes and offsets must fit the bytes. `detail` names the tensor at fault. A .pt file is neither: "
                "`safetensors.torch.save_file(model.state_dict(), path)` writes what is read here."
            ),
        ),
        ProblemKind(
            code="malformed_tensor_data",
            title="The bytes are not the tensor that is announced",
            statuses=(400,),
            explanation=(
                "In the Open Inference Protocol, `Inference-Header-Content-Length` says how many bytes of the body are "
                "the JSON text, and `binary_data_size` in it how many bytes of the tensor follow. The body must have "
                "as many bytes as they say together. Without the header, all of the body is the JSON text."
            ),
        ),
        ProblemKind(
            code="too_deep",
            title="The body is nested too deeply",
            statuses=(400,),
            explanation=(
                "Arrays and objects of a body may be nested to a limited depth, which `limit` names. An array of the "
                "largest rank allowed fits."
            ),
        ),
        ProblemKind(
            code="unauthorized",
            title="The request has no valid API key",
            statuses=(401,),
            explanation=(
                "This service answers those who have an API key. It is sent as `Authorization: Bearer KEY` or as "
                "`X-API-Key: KEY`, once; a key in the address is not read. Whoever runs the service gives keys out."
            ),
        ),
        ProblemKind(
            code="not_found",
            title="There is nothing at this path",
            statuses=(404,),
            explanation=(
                "The path is not one of this service; `near` lists paths like it, and /docs lists all. Paths have no "
                "trailing slash."
            ),
        ),
        ProblemKind(
            code="unknown_problem",
            title="There is no problem of this code",
            statuses=(404,),
            explanation="The path names a type of problem that this service does not have; GET /problems lists all.",
        ),
        ProblemKind(
            code="unknown_activation",
            title="There is no activation of this name",
            statuses=(404, 422),
            explanation=(
                "No function of the catalogue has this name or alias; `near` lists those most like it, and GET "
                "/activations lists all. Status 404 if the name stands in the path, 422 if it stands elsewhere."
            ),
        ),
        ProblemKind(
            code="method_not_allowed",
            title="The path does not take this method",
            statuses=(405,),
            explanation="The header `Allow` lists the methods of the path.",
        ),
        ProblemKind(
            code="not_acceptable",
            title="There is no such representation",
            statuses=(406,),
            explanation="The header `Accept` excludes every media type that the path can answer with (see `detail`).",
        ),
        ProblemKind(
            code="limit_exceeded",
            title="A limit is exceeded",
            statuses=(413, 414),
            explanation=(
                "The body, an array or the tensors in it, or the answer to it is larger than this service allows; 414 "
                "is the answer when the query of the address is. `limit` names the limit, its value and the setting by "
                "which an operator moves it, unless it is fixed; GET /limits lists all. Send smaller pieces."
            ),
        ),
        ProblemKind(
            code="unsupported_media_type",
            title="The body is in a format that is not understood",
            statuses=(415,),
            explanation=(
                "The body must be sent as `Content-Type: application/json`, in UTF-8, as it is or compressed with "
                "gzip or zstd. /evaluate and /derivative understand `application/x-npy` too, inference "
                "`application/octet-stream`, and paths to which tensors may be uploaded `multipart/form-data`. The "
                "headers `Accept` and `Accept-Encoding` of the answer say what is understood."
            ),
        ),
        ProblemKind(
            code="invalid_input",
            title="A field holds what it must not hold",
            statuses=(422,),
            explanation=(
                "The request is well-formed, but something in it cannot be worked with. `errors` lists the faults: "
                "`pointer` (RFC 6901) leads to the field of the body, or `parameter` names the query item, header or "
                f"part. At most {MAX_FAULTS} faults are listed."
            ),
        ),
        ProblemKind(
            code="quota_exceeded",
            title="Requests come too fast",
            statuses=(429,),
            explanation=(
                "More requests came with one API key, or from one address, than this service allows in a time; it is "
                "what the draft of the RateLimit fields calls quota-exceeded. `violated-policies` names the policy, "
                "which the header `RateLimit-Policy` describes, and `limit` the setting by which an operator moves it. "
                "Ask again after `Retry-After` seconds; the header `RateLimit` of every answer tells how many requests "
                "are left."
            ),
        ),
        ProblemKind(
            code="internal_error",
            title="Something went wrong in the service",
            statuses=(500,),
            explanation="The fault is the service's. `request_id` finds the event in its logs.",
        ),
    )
}
