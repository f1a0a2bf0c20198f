"""Gradio as ``gr``, which reports to nobody and fetches nothing."""

import os

# Before it is imported: Gradio tells its makers of its use unless told not to.
os.environ['GRADIO_ANALYTICS_ENABLED'] = 'False'
os.environ['HF_HUB_DISABLE_TELEMETRY'] = '1'
os.environ['HF_HUB_OFFLINE'] = '1'

import gradio as gr

__all__ = ['gr']
