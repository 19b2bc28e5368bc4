"""Serializers of error responses, for the OpenAPI schema (RFC 9457)."""

from __future__ import annotations

from rest_framework import serializers

from meter_readings.api.openapi.examples import with_example


class FieldErrorSerializer(serializers.Serializer):
    """An error in one part of a request."""

    field = serializers.CharField(help_text="Name of the parameter.")
    code = serializers.CharField(help_text="Kind of error, for programs.")
    message = serializers.CharField(help_text="Description, for people.")


class LineErrorSerializer(FieldErrorSerializer):
    """An error in one line of a file, or in the request."""

    line_number = serializers.IntegerField(
        required=False, allow_null=True, help_text="Line; null for the whole file."
    )
    group = serializers.CharField(required=False, help_text="Group of the line.")
    field = serializers.CharField(help_text="Name of the field or parameter.")
    expected = serializers.CharField(required=False, help_text="Expected value.")


@with_example("problem")
class ProblemSerializer(serializers.Serializer):
    """An error response (RFC 9457)."""

    type = serializers.CharField(help_text="Kind of problem, as a URI.")
    title = serializers.CharField(help_text="Phrase of the HTTP status.")
    status = serializers.IntegerField(help_text="HTTP status.")
    detail = serializers.CharField(help_text="Description, for people.")
    instance = serializers.CharField(help_text="URI of this error response.")
    request_id = serializers.CharField(help_text="Id of the request in the log.")
    # Serializer.errors is a property of the base class, which is not used here.
    errors = FieldErrorSerializer(  # type: ignore[assignment]
        many=True, help_text="Errors in parts of the request."
    )
