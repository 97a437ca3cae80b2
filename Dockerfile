# The app in a container: `docker compose up` (compose.yaml), or docs/deploy.md. tests/test_docker.py serves what is copied here.
FROM python:3.12-slim

WORKDIR /app
COPY pyproject.toml setup.py requirements.txt requirements.lock README.md LICENSE ./
COPY bnviz bnviz
# The files that were tried, or none; then PyTorch's build without CUDA, which is gigabytes smaller, where it can be had.
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
RUN python -c "from urllib.request import urlopen; urlopen('https://download.pytorch.org/whl/cpu/torch/', timeout=20)" 2>/dev/null || echo "PyTorch's own index cannot be reached: on Linux its build with CUDA is installed instead, and the image takes more than 5 GB."
RUN pip install --no-cache-dir -r requirements.txt
RUN useradd --uid 1000 lab && mkdir /store && chown lab /store

# Nothing is written but recordings: the rest may be read-only, with a small /tmp.
USER lab
ENV HOME=/tmp BNVIZ_STORE=/store PYTHONDONTWRITEBYTECODE=1
VOLUME /store
EXPOSE 8501
HEALTHCHECK --start-period=60s CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8501/bnviz/healthz', timeout=5)"]
CMD ["bnviz", "serve", "--host=0.0.0.0", "--port=8501"]
