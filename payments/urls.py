"""URLs of the payment pages."""

from django.urls import path

from payments import views

app_name = "payments"
urlpatterns = [
    path("checkout/<str:slug>/", views.checkout_course, name="checkout"),
    path("orders/", views.OrderListView.as_view(), name="orders"),
    path("orders/<uuid:order_id>/", views.OrderView.as_view(), name="order"),
    path("orders/<uuid:order_id>/pay/", views.PayView.as_view(), name="pay"),
    path("orders/<uuid:order_id>/coupon/", views.apply_coupon, name="coupon"),
    path("orders/<uuid:order_id>/test-card/", views.pay_with_test_card, name="test_card"),
    path("orders/<uuid:order_id>/receipt/", views.ReceiptView.as_view(), name="receipt"),
    path("orders/<uuid:order_id>/receipt.pdf", views.receipt_pdf, name="receipt_pdf"),
]
