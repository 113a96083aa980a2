"""Keys carry scopes; those issued before carry all of them."""

from typing import Any

from django.db import migrations, models


def let_existing_keys_be(apps: Any, schema_editor: Any) -> None:
    apps.get_model("accounts", "Key").objects.filter(product="").update(scopes=["all"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="key",
            name="scopes",
            field=models.JSONField(
                default=list, help_text="what a person's key may be used for"
            ),
        ),
        migrations.AddField(
            model_name="key",
            name="last_used",
            field=models.DateField(help_text="the day; of people's keys only", null=True),
        ),
        migrations.RunPython(let_existing_keys_be, migrations.RunPython.noop),
    ]
