"""Addresses of the window. Public ones first; fixed paths below /desk/ stand before ``<number>``."""

from __future__ import annotations

from django.urls import path

from onewindow.window import clerk, counter, decisions, held, public, returns, together

urlpatterns = [
    path("track/", public.track, name="track"),
    path("q/<str:code>", public.short, name="short"),
    path("t/<str:token>", public.track_token, name="track_token"),
    path("t/<str:token>/correct", public.track_correct, name="track_correct"),
    path("t/<str:token>/supply", public.track_supply, name="track_supply"),
    path("t/<str:token>/state/<str:number>", public.track_state, name="track_state"),
    path("t/<str:token>/answer/<str:number>", public.track_answer, name="track_answer"),
    path("t/<str:token>/hearing", public.track_hearing, name="track_hearing"),
    path("t/<str:token>/withdraw", public.track_withdraw, name="track_withdraw"),
    path("t/<str:token>/papers/<int:pk>.pdf", public.track_paper, name="track_paper"),
    path("t/<str:token>/papers/<int:pk>", public.track_paper_print, name="track_paper_print"),
    path("together/<str:token>", together.track, name="together_track"),
    path("together/<str:token>/withdraw", together.withdraw, name="together_withdraw"),
    path("verify/", public.verify, name="verify"),
    path("decisions/", decisions.decisions, name="decisions"),
    path("decisions/open-data.csv", decisions.as_csv, name="decisions_csv"),
    path("decisions/open-data.json", decisions.as_json, name="decisions_json"),
    path("decisions/feed.xml", decisions.DecisionFeed(), name="decisions_feed"),
    path("decisions/<str:key>/", decisions.decision, name="decision"),
    path("desk/publicity/", decisions.publicity_list, name="publicity"),
    path("desk/publicity/export.xlsx", decisions.publicity_export, name="publicity_export"),
    path("desk/publicity/<str:key>/", decisions.publicity_one, name="publicity_one"),
    path("desk/returns/", returns.returns, name="returns"),
    path("desk/returns/export.xlsx", returns.export, name="returns_export"),
    path("desk/counter/", counter.counter, name="counter"),
    path("desk/counter/today/", clerk.today, name="workbench"),
    path("desk/counter/handouts/", clerk.handouts, name="handouts"),
    path("desk/<str:number>/papers/<int:pk>/again/", clerk.reprint, name="reprint"),
    path("desk/counter/together/", together.counter, name="counter_together"),
    path("desk/counter/together/<str:number>/", together.done, name="counter_together_done"),
    path("desk/counter/items", counter.options, name="counter_options"),
    path("desk/counter/files/<str:key>", counter.loose_file, name="counter_file"),
    path("desk/counter/held/<str:link>", held.at_counter, name="counter_held"),
    path("desk/counter/done/<str:number>/", counter.done, name="counter_done"),
    path("desk/<str:number>/held/<int:no>", held.of_case, name="desk_held"),
    path("desk/<str:number>/fetch/", held.fetch, name="desk_fetch"),
    path("desk/<str:number>/papers/<int:pk>.pdf", public.desk_paper, name="desk_paper"),
    path("desk/<str:number>/papers/<int:pk>", public.desk_paper_print, name="desk_paper_print"),
]
