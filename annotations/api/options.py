from rest_framework import serializers


class OptionOut(serializers.Serializer):
    value = serializers.CharField(help_text="What is sent as the answer.")
    label = serializers.CharField()
