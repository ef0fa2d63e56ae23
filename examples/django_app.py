"""Meta's callback in a Django application. Run it with `python django_app.py runserver`."""

from __future__ import annotations

import os
import sys

from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

import partnerhook

settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    # Meta sends up to 3 MiB; Django's own bound of 2.5 MB would refuse the largest batches.
    DATA_UPLOAD_MAX_MEMORY_SIZE=3 * 1024 * 1024,
)

APP_SECRET = os.environ["APP_SECRET"]
VERIFY_TOKEN = os.environ["VERIFY_TOKEN"]


@csrf_exempt
def webhook(request: HttpRequest) -> HttpResponse:
    """Meta's verification request, and what Meta has to say."""
    try:
        if request.method == "GET":
            challenge = partnerhook.answer_handshake(request.META["QUERY_STRING"], VERIFY_TOKEN)
            return HttpResponse(challenge, content_type="text/plain")
        envelope = partnerhook.receive(request.body, request.headers.get("X-Hub-Signature-256"), APP_SECRET)
    except partnerhook.PartnerhookError as problem:
        return HttpResponse(str(problem), status=problem.http_status_hint, content_type="text/plain")
    for update in envelope.solution_updates:
        print(update.solution_id, update.state.status, update.state.pending, update.state.usable)  # store it instead
    return HttpResponse()


urlpatterns = [path("webhook", webhook)]

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
