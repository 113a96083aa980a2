"""Addresses of the market's pages."""

from __future__ import annotations

from django.urls import path

from gongshu_server.portal.market import authorisations, orders, pages, prices

urlpatterns = [
    path("products/", pages.products, name="products"),
    path("products/<str:product_id>/", pages.product, name="product"),
    path("products/<str:product_id>/build/", pages.build, name="build"),
    path("products/<str:product_id>/order/", orders.place, name="place"),
    path("products/<str:product_id>/necessity/", prices.necessity, name="necessity"),
    path("own/", pages.own, name="own"),
    path("own/<str:release_id>/file/", pages.file_product, name="file"),
    path("orders/", orders.listing, name="orders"),
    path("orders/<str:order_id>/", orders.order, name="order"),
    path("orders/<str:order_id>/keys/", orders.issue_key, name="issue_key"),
    path("orders/<str:order_id>/keys/<str:key_id>/", orders.revoke_key, name="revoke_key"),
    path("orders/<str:order_id>/bill/", orders.make_bill, name="make_bill"),
    path("use/", orders.use, name="use"),
    path("use/receipt/", orders.receipt, name="use_receipt"),
    path("bills/", orders.bills, name="bills"),
    path("prices/", prices.listing, name="prices"),
    path("authorisations/", authorisations.listing, name="authorisations"),
    path("authorisations/give/", authorisations.give, name="authorise"),
]
STEPS = {"market.fix_permitted_revenue": prices.fix_permitted_revenue}
SUBJECTS = {"product": "market:product", "order": "market:order"}
