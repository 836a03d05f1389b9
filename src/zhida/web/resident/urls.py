"""The resident's face."""

from django.urls import path

from zhida.web.resident import (
    cases,
    cases_feedback,
    cases_open,
    cases_page,
    certificates,
    contact,
    debts,
    eligible,
    events,
    notices,
    views,
)

app_name = "resident"
urlpatterns = [
    path("", views.happiness_list, name="list"),
    path("list.csv", views.list_csv, name="list_csv"),
    path("history/", views.history, name="history"),
    path("accounts/<int:change_id>/not-me/", views.not_me, name="not_me"),
    path("eligible/", eligible.eligible, name="eligible"),
    path("events/", events.events, name="events"),
    path("owed/", debts.owed, name="owed"),
    path("owed/<int:overpayment_id>/wrong/", debts.wrong, name="owed_wrong"),
    path("sharing/", views.sharing, name="sharing"),
    path("certificates/", certificates.certificates, name="certificates"),
    path("certificates/<int:certificate_id>.pdf", certificates.certificate, name="certificate"),
    path("appeals/", views.my_appeals, name="appeals"),
    path("notices/", notices.inbox, name="notices"),
    path("notices/<int:notice_id>/", notices.notice, name="notice"),
    path("cases/", cases.my_cases, name="cases"),
    path("cases/choices/", cases.choices, name="case_choices"),
    path("cases/new/<slug:event>/", cases_open.open_case, name="open_case"),
    path("cases/files/<int:upload_id>/", cases_page.file, name="case_file"),
    path("cases/<int:case_id>/", cases_page.case, name="case"),
    path("cases/<int:case_id>/certificates/<int:certificate_id>.pdf", cases_page.certificate, name="case_certificate"),
    path("cases/<int:case_id>/decline/", cases_open.decline, name="decline_case"),
    path("cases/<int:case_id>/why/<int:decision_id>/", cases_feedback.why, name="case_why"),
    path("cases/<int:case_id>/wrong/", cases_feedback.appeal, name="case_appeal"),
    path("cases/<int:case_id>/rate/", cases_feedback.rate, name="rate_case"),
    path("cases/<int:case_id>/withdraw/", cases_page.withdraw, name="withdraw_case"),
    path("contact/", contact.contact, name="contact"),
    path("contact/choices/", contact.choices, name="contact_choices"),
    path("contact/<slug:channel>/", contact.register, name="register_contact"),
    path("contact/<slug:channel>/confirm/", contact.confirm, name="confirm_contact"),
    path("contact/<slug:channel>/remove/", contact.remove, name="remove_contact"),
    path("<slug:benefit>/<int:entity_no>/", views.why, name="why"),
    path("<slug:benefit>/<int:entity_no>/wrong/", views.appeal, name="appeal"),
]
