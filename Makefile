# Everything a person or a build machine types. `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
HOST_PORT ?= 8610
FUZZ_EXAMPLES ?= 20
.DEFAULT_GOAL := help
.PHONY: help demo test test-deps check fix serve bench soak fuzz docs screenshots clean vendor

help: ## 列出全部目标 / list every target
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# Two stamps: what a user needs, and what a developer needs on top of it.
$(VENV)/node.stamp: requirements/node.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "需要 Python 3.11 或更高版本 / Python 3.11 or newer is needed"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "缺少 venv 模块，请先安装（Debian：apt-get install python3-venv）/ the venv module is missing"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "正在安装依赖（首次约一分钟）…"
	@$(PIP) --require-hashes --only-binary :all: -r requirements/node.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/node.stamp
	@$(PIP) --require-hashes --only-binary :all: -r requirements/dev.txt
	@touch $@

demo: $(VENV)/node.stamp ## 造一座演示城市，走完全程，然后打开节点 / build the demo city, run the story, serve
	@$(BIN)/gongshu demo --port $(HOST_PORT)

serve: $(VENV)/node.stamp ## 启动 GONGSHU_HOME 里的节点；没有时说明怎么建 / serve the node, or say how to make one
	@$(BIN)/gongshu serve --port $(HOST_PORT)

test: $(VENV)/dev.stamp ## 运行全部测试 / run every test
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -q --ignore tests/browser
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -q tests/browser

test-deps: ## 安装测试所需的系统软件（Debian，root）/ install what the tests need of the system
	@scripts/test-deps

vendor: ## 重新构建门户所用的第三方样式和脚本（需要 npm）/ build the vendored styles and scripts (needs npm)
	@scripts/vendor

check: $(VENV)/dev.stamp ## 静态检查、分层、文档与代码一致 / linters, walls, generated documents
	@$(BIN)/ruff format --check src tests benchmarks
	@$(BIN)/ruff check src tests benchmarks
	@GONGSHU_HOME=$(VENV)/mypy-home $(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/djlint src --check --lint --quiet
	@scripts/check-committed
	@scripts/check-django

fix: $(VENV)/dev.stamp ## 自动整理格式 / format and fix what can be fixed
	@$(BIN)/ruff format src tests benchmarks
	@$(BIN)/ruff check --fix src tests benchmarks
	@$(BIN)/djlint src --reformat --quiet || true

bench: $(VENV)/dev.stamp ## 一次测出全部指标，旁边是同类工具 / every figure in one run, peers beside it
	@$(BIN)/python -m benchmarks

soak: $(VENV)/dev.stamp ## 在故事的每次写入后杀死节点 / kill the node after every write of the story
	@$(BIN)/python -m pytest -q -m soak tests/crash

fuzz: $(VENV)/dev.stamp ## 按接口文档生成大量请求，逐个核对答复 / many requests made from the API description
	@GONGSHU_FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(BIN)/python -m pytest -q tests/attack/test_fuzzing.py

docs: $(VENV)/dev.stamp ## 重新生成参考文档 / write the generated documents
	@scripts/write-docs

screenshots: $(VENV)/dev.stamp ## 走一遍页面，重新截取文档里的图（需要 Chromium）/ walk the pages, take the documents' pictures anew
	@GONGSHU_IMAGES=docs/images $(BIN)/python -m pytest -q tests/browser/journeys

clean: ## 删除虚拟环境和演示节点 / remove the virtual environment and the demo node
	@rm -rf $(VENV) var/demo
