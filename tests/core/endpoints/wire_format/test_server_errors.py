"""An error is read in its own words, whatever shape a server gives it, and means the right status."""

from typing import Any

import pytest

from core.endpoints.wire_format.server_errors import find_error, read_error


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ({"error": "the tokenizer is gone"}, 500, "the tokenizer is gone"),
        ({"detail": [{"loc": ["body", "top_k"], "msg": "field required"}]}, 400, "top_k: field required"),
        ({"code": "InvalidParameter", "message": "Range of input length"}, 400, "Range of input length"),
        ({"success": False, "errors": [{"code": 7003, "message": "no route"}]}, 500, "no route"),
        ({"success": False}, 500, ""),
        ({"error_code": 110, "error_msg": "Access token expired"}, 401, "Access token expired"),
        ({"choices": None, "base_resp": {"status_code": 1039, "status_msg": "rate limit"}}, 429, "rate limit"),
        ({"object": "error", "message": "context length exceeded", "code": 40303}, 400, "context length exceeded"),
        ({"fault": {"faultstring": "Quota used", "detail": {"errorcode": "policies.Quota"}}}, 429, "Quota used"),
        ([{"error": {"code": 400, "message": "bad image", "status": "INVALID_ARGUMENT"}}], 400, "bad image"),
        ({"errcode": 50, "errmsg": "server busy"}, 503, "server busy"),
        ({"type": "about:blank", "title": "Too Large", "status": 413}, 413, "Too Large"),
        ({"errors": ["no such deployment"]}, 500, "no such deployment"),
        ({"error": {"error": {"message": "too many images", "code": 400}}}, 400, "too many images"),
        ({"error": True, "message": "the worker died"}, 500, "the worker died"),
        ({"error": {"message": "Insufficient Balance", "code": None}}, 402, "Insufficient Balance"),
        ({"message": "model x not found"}, 404, "model x not found"),
        ({"message": "image not found"}, 500, "image not found"),
    ],
)  # fmt: skip
def test_an_error_that_comes_with_status_200_is_found_with_its_words(body: Any, status: int, text: str) -> None:
    found = find_error(body)
    assert found is not None
    assert (found.status, found.text) == (status, text)


@pytest.mark.parametrize(
    "body", [None, 7, "no", [], [1], {}, {"choices": []}, {"choices": [{"message": {}}], "error": None}]
)
def test_what_says_nothing_of_an_error_is_none(body: Any) -> None:
    assert find_error(body) is None


@pytest.mark.parametrize(
    ("body", "status", "gone"),
    [
        ({"message": "exceeded", "type": "insufficient_quota", "code": None}, 429, True),
        ({"message": "exceeded", "type": "insufficient_quota", "code": 429}, 429, True),
        ({"message": "no", "type": "exceeded_current_quota_error"}, 429, True),
        ({"message": "no", "code": "insufficient_user_quota"}, 403, True),
        ({"message": "no", "code": "Arrearage"}, 400, True),
        ("", 402, True),
        ({"message": "exceeded your current quota, retry in 9 s", "status": "RESOURCE_EXHAUSTED"}, 429, False),
        ({"message": "Rate limit reached", "type": "requests", "code": "rate_limit_exceeded"}, 429, False),
        ("slow down", 429, False),
    ],
)
def test_an_account_without_credit_is_told_apart_from_too_many_requests(body: Any, status: int, gone: bool) -> None:
    assert read_error(body, status).is_out_of_credit is gone


def test_a_page_in_place_of_an_error_has_no_words() -> None:
    assert read_error("<html><title>502</title></html>", 502).text == ""
