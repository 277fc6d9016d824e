"""The commands of whoever runs or builds the service, and what each does in a few words."""

OPERATOR = {
    "serve": "Start the service.",
    "key": "Make an API key.",
    "openapi": "Print the OpenAPI document.",
    "reference": "Print the reference of all functions.",
}
