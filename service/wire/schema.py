"""How the messages are published as JSON Schema."""

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import CoreSchema, core_schema


class Schema(GenerateJsonSchema):
    """Says of every number that it may be one of the three names, and gives no titles that only repeat the name."""

    def float_schema(self, schema: core_schema.FloatSchema) -> JsonSchemaValue:
        """A number, or the name of one that JSON cannot write; of those that must be finite, a number."""
        if schema.get("allow_inf_nan") is False:
            return super().float_schema(schema)
        return {"anyOf": [super().float_schema(schema), {"enum": ["NaN", "Infinity", "-Infinity"], "type": "string"}]}

    def field_title_should_be_set(self, schema: CoreSchema) -> bool:  # noqa: ARG002  of the base class
        """No."""
        return False
