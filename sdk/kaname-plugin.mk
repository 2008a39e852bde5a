# SPDX-License-Identifier: Apache-2.0
#
# Builds a plugin outside Kaname's own tree, against an installed SDK or a source tree:
#
#   PLUGIN = greeter
#   include $(if $(KANAME_SDK),$(KANAME_SDK)/kaname-plugin.mk,$(shell pkg-config --variable=mk kaname-plugin))
#
# Before the include may stand:
#   PLUGIN_SOURCES   what it is made of; otherwise $(PLUGIN).c
#   PLUGIN_PACKAGES  pkg-config names of libraries that it uses
#
# make           PLUGIN.so, and a copy in plugins/, where `kaname pack build` expects it
# make check     hold it to the contract: kaname plugin test
# make pack      the archive that `kaname pack install` takes
# make install   into the hub's plugin folder (DESTDIR is honoured)

KANAME ?= kaname
PLUGIN_SOURCES ?= $(PLUGIN).c

kaname_mk := $(dir $(lastword $(MAKEFILE_LIST)))
kaname_cflags := $(if $(wildcard $(kaname_mk)include/kaname/plugin.h),-I$(kaname_mk)include,$(shell pkg-config --cflags kaname-plugin))
kaname_packages := $(if $(PLUGIN_PACKAGES),$(shell pkg-config --cflags $(PLUGIN_PACKAGES)))
kaname_libs := $(if $(PLUGIN_PACKAGES),$(shell pkg-config --libs $(PLUGIN_PACKAGES)))

CFLAGS ?= -O2 -g
# An undefined symbol is a mistake of today: -z,defs finds it now and not when the hub loads the file.
kaname_flags = -std=gnu11 -Wall -Wextra -fPIC -fvisibility=hidden -shared \
	-Wl,-z,defs -Wl,-z,relro -Wl,-z,now -Wl,--as-needed -Wl,--version-script=$(kaname_mk)plugin.syms

all: plugins/$(PLUGIN).so

$(PLUGIN).so: $(PLUGIN_SOURCES)
	$(CC) $(CPPFLAGS) $(kaname_cflags) $(kaname_packages) $(CFLAGS) $(kaname_flags) $(LDFLAGS) -o $@ $(PLUGIN_SOURCES) $(kaname_libs) $(LDLIBS)

plugins/$(PLUGIN).so: $(PLUGIN).so
	@mkdir -p plugins
	cp $< $@

check: all
	$(KANAME) plugin test ./$(PLUGIN).so

pack: all
	$(KANAME) pack build .

install: all
	install -D -m 755 $(PLUGIN).so "$(DESTDIR)$(shell pkg-config --variable=plugindir kaname-plugin)/$(PLUGIN).so"

clean:
	rm -rf $(PLUGIN).so plugins/$(PLUGIN).so

.PHONY: all check pack install clean
