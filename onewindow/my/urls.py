"""Addresses of the applicant's account, all below /my/; the answer to a question lies with its case at the desk."""

from __future__ import annotations

from django.urls import path

from onewindow.my import apply, belongings, public, views

urlpatterns = [
    path("my/", views.my, name="my"),
    path("my/sign-in/", public.sign_in, name="my_sign_in"),
    path("my/sign-in/code/", public.code, name="my_code"),
    path("my/cases/<str:number>/", views.case, name="my_case"),
    path("my/cases/<str:number>/correct", views.correct, name="my_correct"),
    path("my/cases/<str:number>/withdraw", views.withdraw, name="my_withdraw"),
    path("my/cases/<str:number>/supply", views.supply, name="my_supply"),
    path("my/cases/<str:number>/state/<str:pledge>", views.state, name="my_state"),
    path("my/cases/<str:number>/answer/<str:share>", views.answer_share, name="my_answer"),
    path("my/cases/<str:number>/hearing", views.hearing, name="my_hearing"),
    path("my/cases/<str:number>/rate", views.rate_case, name="my_rate"),
    path("my/cases/<str:number>/ask", views.ask, name="my_ask"),
    path("my/cases/<str:number>/papers/<int:pk>.pdf", views.paper, name="my_paper"),
    path("my/cases/<str:number>/papers/<int:pk>", views.paper_print, name="my_paper_print"),
    path("my/cases/<str:number>/files/<str:key>", views.material, name="my_file"),
    path("my/messages/", views.inbox_page, name="my_messages"),
    path("my/licences/", belongings.licences, name="my_licences"),
    path("my/licences/<str:number>/", belongings.licence, name="my_licence"),
    path("my/licences/<str:number>.pdf", belongings.licence_pdf, name="my_licence_pdf"),
    path("my/materials/", belongings.materials, name="my_materials"),
    path("my/materials/<str:key>", belongings.held, name="my_held"),
    path("my/materials/<str:key>/forget", belongings.forget, name="my_forget"),
    path("my/agents/", views.agents, name="my_agents"),
    path("my/agents/new/", views.empower, name="my_empower"),
    path("my/agents/<str:key>/<slug:verb>", views.authority, name="my_authority"),
    path("my/account/", views.account, name="my_account"),
    path("my/account/name/", views.name, name="my_name"),
    path("my/account/enterprise/", views.enterprise, name="my_enterprise"),
    path("my/account/mobile/", views.mobile, name="my_mobile"),
    path("my/account/email/", views.email, name="my_email"),
    path("my/account/close/", views.close, name="my_close"),
    path("my/apply/<str:code>/", apply.start, name="my_apply"),
    path("my/apply/<str:code>/<str:key>/done/", apply.done, name="my_apply_done"),
    path("my/apply/<str:code>/<str:key>/drop/", apply.drop, name="my_apply_drop"),
    path("my/apply/<str:code>/<str:key>/files/<int:no>", apply.file, name="my_apply_file"),
    path("my/apply/<str:code>/<str:key>/<str:step>/", apply.step, name="my_apply_step"),
    path("desk/questions/", views.questions, name="questions"),
    path("desk/<str:number>/questions/<int:pk>/", views.answer, name="question_answer"),
]
