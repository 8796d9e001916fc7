#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What the server wants of libvips, whose own functions are variadic. All calls block, and may run on any thread.

enum cvips_outcome {
    CVIPS_DONE = 0,
    // Not a whole picture of the format that it was said to be.
    CVIPS_NOT_A_PICTURE = -1,
    // The library cannot be started, or has no memory.
    CVIPS_UNAVAILABLE = -2,
};

// The formats that are read. No other loader is ever started, whatever a file looks like.
enum cvips_format { CVIPS_JPEG, CVIPS_PNG, CVIPS_GIF, CVIPS_WEBP, CVIPS_HEIF };

// What the head of a picture says; nothing is decoded for it.
struct cvips_facts {
    // As it is shown, that is after the rotation that its metadata asks for.
    int32_t width;
    int32_t height;
    // More than one: it is animated, or a sequence.
    int32_t pages;
    int32_t bytes_per_pixel;
};

struct cvips_request {
    const char *path;
    enum cvips_format format;
    int32_t width;
    int32_t height;
    // Fill the box and cut off what is beyond it, rather than fit into it.
    bool crop;
    // Keep all pages. Not together with `crop`.
    bool animated;
    // PNG even without transparency.
    bool lossless;
};

enum cvips_output_format { CVIPS_OUTPUT_JPEG, CVIPS_OUTPUT_PNG, CVIPS_OUTPUT_WEBP };

struct cvips_output {
    // To be given back to `cvips_release`.
    void *bytes;
    size_t length;
    enum cvips_output_format format;
};

// Reads the head of a picture.
enum cvips_outcome cvips_inspect(const char *path, enum cvips_format format, struct cvips_facts *facts);

// Makes a smaller picture, in sRGB, upright, and without metadata. Never a larger one.
enum cvips_outcome cvips_thumbnail(const struct cvips_request *request, struct cvips_output *output);

void cvips_release(void *bytes);
