"""The officers' face: from the departments' feeds to the bank's answers."""

from django.urls import path

from zhida.web.officer import appeals, batches, budgets, feeds, merges, overview, quarantine, residents, returns, runs

app_name = "officer"
urlpatterns = [
    path("", overview.overview, name="overview"),
    path("feeds/", feeds.feeds, name="feeds"),
    path("feeds/upload/", feeds.upload, name="upload"),
    path("feeds/quality/", feeds.quality, name="quality"),
    path("feeds/<int:delivery_id>/", feeds.feed, name="feed"),
    path("feeds/<int:delivery_id>/columns/", feeds.columns, name="columns"),
    path("quarantine/", quarantine.rows, name="quarantine"),
    path("quarantine/<int:delivery_id>/<int:row_no>/", quarantine.correct, name="correct"),
    path("merges/", merges.merges, name="merges"),
    path("merges/<int:merge_id>/", merges.decide, name="decide_merge"),
    path("runs/", runs.runs, name="runs"),
    path("runs/<int:run_id>/", runs.run, name="run"),
    path("batches/", batches.batches, name="batches"),
    path("batches/prepare/", batches.prepare, name="prepare"),
    path("batches/<int:batch_id>/", batches.batch, name="batch"),
    path("batches/<int:batch_id>/sample/", batches.sample, name="sample"),
    path("batches/<int:batch_id>/sample/<int:payee_no>/<slug:benefit>/<int:entity_no>/", batches.sampled, name="sampled"),
    path("batches/<int:batch_id>/decide/", batches.decide, name="decide_batch"),
    path("batches/<int:batch_id>/release/", batches.release, name="release"),
    path("batches/<int:batch_id>/answers/", batches.answers, name="answers"),
    path("returns/", returns.returns, name="returns"),
    path("returns/reissue/", returns.reissue, name="reissue"),
    path("budgets/", budgets.budgets, name="budgets"),
    path("appeals/", appeals.appeals, name="appeals"),
    path("appeals/<int:appeal_id>/", appeals.answer, name="answer_appeal"),
    path("residents/", residents.residents, name="residents"),
    path("residents/<int:resident_no>/", residents.resident, name="resident"),
    path("residents/<int:resident_no>/<slug:benefit>/<int:entity_no>/", residents.line, name="line"),
]
