"""What a hub inside an instance passes on, so that each user's server knows the instance."""

import os

c = get_config()  # noqa: F821

names = ("INSTANCE_ID", "PROJECT_ID", "MODELARTS_REGION", "MODELARTS_ENDPOINT")
c.Spawner.environment.update({name: os.environ[name] for name in names if name in os.environ})
