"""What a hub inside an instance passes on, so that each user's server knows the instance."""

import os

c = get_config()  # noqa: F821

for name in ("INSTANCE_ID", "PROJECT_ID", "MODELARTS_REGION", "MODELARTS_ENDPOINT"):
    if name in os.environ:
        c.Spawner.environment[name] = os.environ[name]
