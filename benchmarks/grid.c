/* A plain grid in C, after Ocean's grid.h of PufferLib: the peer of `benchmarks.speed`.
 *
 * A room of 9 x 9 has 8 blocks and a goal, drawn at each reset. One call steps n environments and
 * writes every plane of each observation again. It has no levels, objectives, masks or infos.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SIDE 9
#define CELLS (SIDE * SIDE)
#define BLOCKS 8
#define LIMIT 40

typedef struct {
    uint64_t random;
    int agent, goal, clock;
    uint8_t block[CELLS];
} Room;

typedef struct {
    int n, planes;
    Room *rooms;
    uint8_t *observations;
    float *rewards;
    uint8_t *ended;
} Grid;

static int draw(Room *room, int below) {
    room->random ^= room->random << 13;
    room->random ^= room->random >> 7;
    room->random ^= room->random << 17;
    return (int)((room->random >> 33) % (uint64_t)below);
}

static int draw_free(Room *room) {
    int cell;
    do cell = draw(room, CELLS);
    while (room->block[cell]);
    return cell;
}

static void begin(Room *room) {
    memset(room->block, 0, CELLS);
    for (int i = 0; i < BLOCKS; i++) room->block[draw(room, CELLS)] = 1;
    room->agent = draw_free(room);
    room->goal = draw_free(room);
    room->clock = 0;
}

/* Planes: the agent, the goal, the blocks; further planes are blank. */
static void observe(const Grid *grid, int row) {
    const Room *room = &grid->rooms[row];
    uint8_t *planes = grid->observations + (size_t)row * grid->planes * CELLS;
    memset(planes, 0, (size_t)grid->planes * CELLS);
    planes[room->agent] = 1;
    planes[CELLS + room->goal] = 1;
    for (int cell = 0; cell < CELLS; cell++) planes[2 * CELLS + cell] = room->block[cell];
}

Grid *make(int n, int planes) {
    Grid *grid = calloc(1, sizeof *grid);
    grid->n = n;
    grid->planes = planes;
    grid->rooms = calloc(n, sizeof(Room));
    grid->observations = calloc((size_t)n * planes, CELLS);
    grid->rewards = calloc(n, sizeof(float));
    grid->ended = calloc(n, 1);
    for (int row = 0; row < n; row++) {
        grid->rooms[row].random = 88172645463325252ULL + 7919ULL * row;
        begin(&grid->rooms[row]);
        observe(grid, row);
    }
    return grid;
}

/* Actions: up, down, left, right, stay. */
void step(Grid *grid, const int64_t *actions) {
    for (int row = 0; row < grid->n; row++) {
        Room *room = &grid->rooms[row];
        int x = room->agent % SIDE, y = room->agent / SIDE;
        switch (actions[row]) {
            case 0: y -= y > 0; break;
            case 1: y += y < SIDE - 1; break;
            case 2: x -= x > 0; break;
            case 3: x += x < SIDE - 1; break;
        }
        if (!room->block[y * SIDE + x]) room->agent = y * SIDE + x;
        room->clock++;
        int reached = room->agent == room->goal;
        grid->rewards[row] = (float)reached;
        grid->ended[row] = reached || room->clock == LIMIT;
        if (grid->ended[row]) begin(room);
        observe(grid, row);
    }
}
