"""Looking at a model in the middle of somebody else's loop without being noticed."""

from groklens.models.at_rest import at_rest as at_rest
