# `make up` and `make test` do everything on a fresh Debian 12 machine that has Swift.

SHELL := /bin/bash
export PATH := $(PATH):/usr/sbin:/opt/swift/usr/bin

# One debug build serves lint and test: both are strict about warnings in our own targets.
lint test chaos: export CHAT_ENGINE_STRICT := 1

.DEFAULT_GOAL := help
.PHONY: help install up down reset status test chaos lint format

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

install: ## install what is missing (apt)
	@scripts/install

up: install ## build and start the local cluster
	@scripts/build-release
	@scripts/cluster up

down: ## stop the local cluster, keep its data
	@scripts/cluster down

reset: ## stop the local cluster and delete its data
	@scripts/cluster reset

status: ## show what runs
	@scripts/cluster status

test: ## run every test
	@scripts/install --tests
	@echo 'test: building; the first build takes several minutes, mostly for the dependencies'
	@scripts/test

chaos: ## break a cluster while clients use it: make chaos MINUTES=60
	@scripts/install --tests
	@scripts/chaos --minutes $(or $(MINUTES),3)

lint: install ## check format, scripts and warnings
	@scripts/lint

format: ## format the Swift sources
	@swift format --in-place --recursive --parallel Package.swift Sources Tests Examples
