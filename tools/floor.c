/* The floor that `make bench` measures hooks against: reads stdin to its end and does nothing else. */
#include <unistd.h>

static char input[65536];

int main(void)
{
    while (read(STDIN_FILENO, input, sizeof input) > 0)
        ;
    return 0;
}
