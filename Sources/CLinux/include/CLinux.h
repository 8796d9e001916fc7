#pragma once

// Linux interfaces that the Glibc module of Swift leaves out.
#include <malloc.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/timerfd.h>

// Names the calling thread for the system's tools. Linux shows the first 15 bytes.
void clinux_name_thread(const char *name);
