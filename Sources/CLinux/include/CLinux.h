#pragma once

// Linux interfaces that the Glibc module of Swift leaves out.
#include <malloc.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/timerfd.h>

#include "resolver.h"

// Names the calling thread for the system's tools. Linux shows the first 15 bytes.
void clinux_name_thread(const char *name);

// Starts a program in a session of its own, with `input` as its standard input and `output` as its standard output
// and error, and none of our other descriptors. Returns its process id, or minus an errno.
int clinux_spawn(const char *const *arguments, int input, int output);

// A pipe that no program started from here inherits. Returns 0, or minus an errno.
int clinux_pipe(int ends[2]);
