#include "CLinux.h"

#include <pthread.h>
#include <string.h>

void clinux_name_thread(const char *name) {
    char shown[16] = {0};
    strncpy(shown, name, sizeof shown - 1);
    pthread_setname_np(pthread_self(), shown);
}
