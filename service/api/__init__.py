"""The service over HTTP: routes by family, failures as problem details, the published contract."""
