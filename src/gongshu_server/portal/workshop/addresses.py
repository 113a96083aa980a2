"""Addresses of the workshop's pages."""

from __future__ import annotations

from django.urls import path

from gongshu_server.portal.workshop import releases, reviews, tasks

urlpatterns = [
    path("", tasks.listing, name="tasks"),
    path("scenarios/<str:scenario_id>/task/", tasks.open_task, name="open_task"),
    path("tasks/<str:task_id>/", tasks.task, name="task"),
    path("tasks/<str:task_id>/verdict/", tasks.verdict, name="verdict"),
    path("queries/<str:query_id>/", tasks.query, name="query"),
    path("queries/<str:query_id>/run/", tasks.run, name="run_query"),
    path("runs/<str:run_id>/", releases.run, name="run"),
    path("runs/<str:run_id>/release/", releases.submit, name="submit"),
    path("runs/<str:run_id>/exception/", releases.except_export, name="exception"),
    path("releases/", releases.listing, name="releases"),
    path("releases/<str:release_id>/", releases.release, name="release"),
    path("releases/<str:release_id>/content/", reviews.content, name="content"),
    path("reviews/", reviews.reviews, name="reviews"),
    path("signing/", reviews.signing, name="signing"),
]
SUBJECTS = {
    "release": "workshop:release",
    "task": "workshop:task",
    "query": "workshop:query",
    "run": "workshop:run",
}
