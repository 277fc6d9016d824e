"""The Python client: the service's answers as numpy arrays and frozen values, its problems as exceptions."""

from service.client.catalogue import Descriptor
from service.client.clients import AsyncClient, Client
from service.client.evaluation import Derivative, Evaluation
from service.client.failures import NoAnswer, NotUnderstood, Problem
from service.client.flow import Finding, GradientFlow
from service.client.streams import AsyncTraining, Training
from service.client.theory import MeanField, PhaseDiagram
from service.client.training import TrainingRecord, TrainingSummary

__all__ = [
    "AsyncClient",
    "AsyncTraining",
    "Client",
    "Derivative",
    "Descriptor",
    "Evaluation",
    "Finding",
    "GradientFlow",
    "MeanField",
    "NoAnswer",
    "NotUnderstood",
    "PhaseDiagram",
    "Problem",
    "Training",
    "TrainingRecord",
    "TrainingSummary",
]
