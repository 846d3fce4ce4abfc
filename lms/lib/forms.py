"""How forms look: every field through `templates/components/field.html`, once."""

from django.forms.renderers import TemplatesSetting


class ComponentRenderer(TemplatesSetting):
    """Renders `{{ field.as_field_group }}` and `{{ form.errors }}` with the site's own components."""

    field_template_name = "components/field.html"
