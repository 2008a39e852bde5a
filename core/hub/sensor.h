/* SPDX-License-Identifier: Apache-2.0 */

/* One sensor that runs: its rounds are in sensor.c, what it says in sensor_doors.c. */

#ifndef HUB_SENSOR_H
#define HUB_SENSOR_H

#include "hub/room.h"

struct put {
        struct put *next;
        char *path, *json;              /* json NULL: removed */
        uint64_t seq;
};

struct sensor {
        struct list link;
        struct hub *hub;
        struct catalog *catalog;        /* keeps instance and row */
        const struct catalog_instance *instance;
        const struct manifest_sensor *row;
        struct loop_timer *timer;
        struct host_call *call;
        int64_t again_ms;               /* the plugin's wish; 0: none */
        unsigned failures;
        bool is_wanted, is_stopping;
        char *last_error;
        int64_t last_ok_ms;
        uint64_t n_events;

        pthread_mutex_t lock;           /* guards the batch of the present poll */
        json_t *batch;                  /* [{trigger, payload, id}] */
        struct put *puts;
};

/* ---- sensor_doors.c ---- */

extern const struct host_doors sensor_doors;            /* arg: struct sensor */
/* Commit the batch, and wait; under the sensor's lock, as the next. */
enum store_outcome sensor_commit(struct sensor *s);
void sensor_clear(struct sensor *s);

/* ---- sensor.c ---- */

/* The call is over: record what it collected, and see to the next. */
void sensor_done(void *arg, int code, const char *sentence, json_t *result);

#endif
